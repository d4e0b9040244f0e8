//! Clients that leave, are slow, or do not read.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::json;
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::http::{Connection, Request};

use crate::harness::{House, SOON, chat, deployment};

/// What kernels and the house may hold of a stream that nobody reads; kernels alone take some megabytes.
const MOST_TAKEN: usize = 64 * 1024 * 1024;

#[test]
fn a_client_that_leaves_a_stream_ends_the_providers_work() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().stall_after(4));
    let house = House::before(&fake);
    let mut stream = house.master().stream("hi");
    stream.read_words(4);
    drop(stream);
    fake.await_disconnects(1);
    let row = &house.await_rows(1)[0];
    assert_eq!((&row["status"], &row["completion_tokens"]), (&json!("aborted"), &json!(4)), "{row}");
    fake.await_open_connections(0);
}

#[test]
fn a_client_that_leaves_a_whole_call_ends_the_providers_work() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().stall_after(0));
    let house = House::before(&fake);
    let connection = house.master().asked(&chat("four"));
    fake.await_requests(1);
    drop(connection);
    fake.await_disconnects(1);
    let row = &house.await_rows(1)[0];
    assert_eq!((&row["status"], &row["prompt_tokens"]), (&json!("aborted"), &json!(1)), "{row}");
}

#[test]
fn a_client_that_leaves_in_the_middle_of_its_question_costs_nothing() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let mut connection = Connection::open(house.address()).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\ncontent-length: 500\r\n\r\n{{",
        house.master().secret()
    );
    connection.write(head.as_bytes()).unwrap();
    drop(connection);
    house.master().chat("hi").answered();
    house.await_rows(1);
    assert_eq!(fake.requests().len(), 1);
}

/// A provider that streams without end; gives how many bytes it could write before its peer took no more.
fn endless_provider() -> (SocketAddr, Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = sync_channel(1);
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut question = [0; 16 * 1024];
        assert!(stream.read(&mut question).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n").unwrap();
        let words = "word ".repeat(1_000);
        let event = format!(
            "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"x\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{words}\"}},\"finish_reason\":null}}]}}\n\n"
        );
        let mut written = 0;
        while written < MOST_TAKEN && stream.write_all(event.as_bytes()).is_ok() {
            written += event.len();
        }
        tell.send(written).unwrap();
    });
    (address, told)
}

#[test]
fn a_client_that_does_not_read_holds_the_provider_back() {
    let (address, written) = endless_provider();
    let entry = deployment("m", "openai/x", &format!("http://{address}/v1"), "");
    let house = House::with(&format!("model_list:\n{entry}"));
    let mut body = chat("hi");
    body["stream"] = json!(true);
    let mut connection = house.master().asked(&body);
    assert_eq!(connection.head().unwrap().status, 200);
    let taken = written.recv_timeout(SOON).expect("the provider is held back");
    assert!(taken < MOST_TAKEN, "{taken} bytes were taken for a client that does not read");
    // The house stays small, and well.
    house.master().get("/health/liveness").answered();
    let status = std::fs::read_to_string(format!("/proc/{}/status", house.process().id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(kilobytes < 150_000, "{line}");
}

#[test]
fn a_connection_serves_many_calls() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let master = house.master();
    let mut connection = master.connect();
    for _ in 0..20 {
        connection.send(&Request::post("/v1/chat/completions", &chat("hi")).bearer(master.secret())).unwrap();
        assert_eq!(connection.reply().unwrap().status(), 200);
    }
    // Refusals keep it too.
    connection.send(&Request::post("/v1/chat/completions", &json!({})).bearer(master.secret())).unwrap();
    assert_eq!(connection.reply().unwrap().status(), 400);
    connection.send(&Request::get("/health/liveness")).unwrap();
    assert_eq!(connection.reply().unwrap().status(), 200);
}

#[test]
fn calls_sent_ahead_are_answered_in_their_order() {
    let fake = FakeProvider::start();
    fake.enqueue(Script::default().tokens(1).latency(Duration::from_millis(200)));
    fake.enqueue(Script::default().tokens(2));
    let house = House::before(&fake);
    let master = house.master();
    let mut connection = master.connect();
    for _ in 0..2 {
        connection.send(&Request::post("/v1/chat/completions", &chat("hi")).bearer(master.secret())).unwrap();
    }
    let said = |connection: &mut Connection| {
        connection.reply().unwrap().json()["usage"]["completion_tokens"].clone()
    };
    assert_eq!((said(&mut connection), said(&mut connection)), (json!(1), json!(2)));
}

#[test]
fn a_head_without_end_is_refused() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let mut connection = Connection::open(house.address()).unwrap();
    let mut head = String::from("GET /v1/models HTTP/1.1\r\nhost: h\r\n");
    for number in 0..200 {
        head.push_str(&format!("x-{number}: y\r\n"));
    }
    head.push_str("\r\n");
    connection.write(head.as_bytes()).unwrap();
    assert_eq!(connection.head().unwrap().status, 431);
    let mut connection = Connection::open(house.address()).unwrap();
    let head = format!("GET /v1/models HTTP/1.1\r\nhost: h\r\nx: {}\r\n\r\n", "y".repeat(1_000_000));
    // It may be closed while we still write.
    let _cut = connection.write(head.as_bytes());
    assert!(connection.head().map_or(431, |head| head.status) == 431);
}

#[test]
fn a_client_that_waits_for_leave_to_send_gets_it() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let mut connection = Connection::open(house.address()).unwrap();
    let body = chat("hi").to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\nexpect: 100-continue\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        house.master().secret(),
        body.len()
    );
    connection.write(head.as_bytes()).unwrap();
    let mut raw = Vec::new();
    connection.write(body.as_bytes()).unwrap();
    raw.extend(connection.rest().unwrap());
    let text = String::from_utf8(raw).unwrap();
    assert!(text.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "{text}");
}

#[test]
fn a_question_in_small_pieces_is_put_together() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let mut connection = Connection::open(house.address()).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\r\n",
        house.master().secret()
    );
    connection.write(head.as_bytes()).unwrap();
    for byte in chat("hi").to_string().bytes() {
        connection.write(&[b"1\r\n".as_slice(), &[byte], b"\r\n"].concat()).unwrap();
    }
    connection.write(b"0\r\n\r\n").unwrap();
    assert_eq!(connection.reply().unwrap().status(), 200);
    assert_eq!(fake.requests()[0].json()["messages"], chat("hi")["messages"]);
}

#[test]
fn a_key_that_is_deleted_does_not_cut_its_stream_and_what_it_cost_is_booked() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(20).chunk_pace(Duration::from_millis(20)));
    let house = House::before(&fake);
    let key = house.key(json!({"max_budget": 1.0}));
    let mut stream = key.stream("four");
    stream.read_words(1);
    house.admin("/key/delete", json!({"keys": [key.secret()]})).answered();
    stream.chunks();
    house.await_rows(1);
    assert_eq!(house.ledger_sum(), fake.bill().total);
    key.chat("hi").refused(401);
}
