use crate::config::nearest::nearest;

#[test]
fn the_nearest_word_is_found_if_it_is_near() {
    let words = ["listen", "socket", "hosts"];
    let rows = [
        ("listen", Some("listen")),
        ("lisen", Some("listen")),
        ("lsiten", Some("listen")),
        ("host", Some("hosts")),
        ("sockets", Some("socket")),
        ("path", None),
        ("", None),
    ];
    for (word, expected) in rows {
        assert_eq!(nearest(word, words), expected, "{word}");
    }
}
