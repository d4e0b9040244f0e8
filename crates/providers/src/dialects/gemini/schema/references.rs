//! References inside a schema, written out.

use super::tree::Node;

/// Values that writing out may make in any schema; to them comes one for so many bytes of the schema.
/// References that double at every step would grow without end.
const FREE_VALUES: usize = 256;
const BYTES_PER_VALUE: usize = 8;

/// Puts what references name in their place. What refers to itself stays a reference, and its definitions stay.
/// So does what would grow beyond the bound for a schema of so many `bytes`.
pub(super) fn write_out(root: &Node, bytes: usize) -> Node {
    let mut writer =
        Writer { root, open: Vec::new(), left: FREE_VALUES + bytes / BYTES_PER_VALUE, keeps: false };
    let mut whole = writer.written(writer.root);
    if !writer.keeps {
        for name in ["$defs", "definitions", "defs"] {
            drop(whole.take(name));
        }
    }
    whole
}

struct Writer<'root> {
    root: &'root Node,
    /// References that are being written out.
    open: Vec<String>,
    left: usize,
    /// Some reference stays.
    keeps: bool,
}

impl Writer<'_> {
    fn written(&mut self, node: &Node) -> Node {
        if !self.open.is_empty() {
            self.left = self.left.saturating_sub(1);
        }
        match node {
            Node::Leaf(_) => node.clone(),
            Node::List(items) => Node::List(items.iter().map(|item| self.written(item)).collect()),
            Node::Object(members) => match node.get("$ref").and_then(Node::as_str) {
                Some(name) => self.referred(&name, node, members),
                None => Node::Object(self.each(members)),
            },
        }
    }

    fn each(&mut self, members: &[(String, Node)]) -> Vec<(String, Node)> {
        members.iter().map(|(name, value)| (name.clone(), self.written(value))).collect()
    }

    fn referred(&mut self, name: &str, node: &Node, members: &[(String, Node)]) -> Node {
        let target = if self.left == 0 || self.open.iter().any(|open| open == name) {
            None
        } else {
            find(self.root, name)
        };
        let Some(target) = target else {
            self.keeps = true;
            let mut kept = Node::Object(Vec::new());
            // Beside a reference only these two are taken.
            for allowed in ["$ref", "description", "default"] {
                if let Some(value) = node.get(allowed) {
                    kept.put(allowed, value.clone());
                }
            }
            return kept;
        };
        self.open.push(name.to_owned());
        let mut written = self.written(target);
        self.open.pop();
        for (beside, value) in self.each(members) {
            if beside != "$ref" {
                written.put(&beside, value);
            }
        }
        written
    }
}

/// What a JSON pointer names.
fn find<'root>(root: &'root Node, reference: &str) -> Option<&'root Node> {
    let path = reference.strip_prefix('#')?;
    path.split('/').skip(1).try_fold(root, |node, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match node {
            Node::Object(_) => node.get(&step),
            Node::List(items) => items.get(step.parse::<usize>().ok()?),
            Node::Leaf(_) => None,
        }
    })
}
