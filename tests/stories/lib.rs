//! Nothing: the stories are the test target beside this, and a package needs a library or a program.
