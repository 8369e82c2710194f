"""Foreign texts in Markdown pages: no HTML, no links, no cells, no blocks, no keys of YAML."""

import pytest
import yaml as pyyaml

from zoo.base.markup import Markup, autolink, code, fill, joined, link, markdown, name, python, yaml

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Digits in [0, 1], `x` and p(z)", "Digits in [0, 1], `x` and p(z)"),
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("a | b", r"a \| b"),
        ("[click](https://evil)", r"[click\](`https://evil)`"),
        ("![x][y]", r"![x\][y]"),
        ("[x]: javascript:alert(1)", r"[x\]: javascript:alert(1)"),
        ("see www.evil.org now", "see `www.evil.org` now"),
        ("a `b", r"a \`b"),
        ("```", r"\`\`\`"),
        ("`a|b`", r"\`a\|b\`"),
        ("a\\", "a\\\\"),
        ("two\n\n# lines", "two # lines"),
        ("\x1b[2K", r"\\x1b[2K"),
        ("---", r"\---"),
        ("===", r"\==="),
        ("~~~", r"\~~~"),
        ("# big", r"\# big"),
        ("> said", r"\> said"),
        ("- item", r"\- item"),
        ("1. first", r"1\. first"),
        ("12.5 and -3", "12.5 and -3"),
        ("-3.5 nats", "-3.5 nats"),
    ],
)
def test_markdown(text, escaped):
    assert markdown(text) == escaped


def test_code():
    assert code("a`b|c\nd") == r"`a'b\|c d`"


def test_links():
    assert link("A [x] paper", "https://x.org/a(b)") == r"[A \[x\] paper](https://x.org/a%28b%29)"
    assert link("x](https://evil) [y", "HTTPS://x.org") == (
        r"[x\](`https://evil)` \[y](HTTPS://x.org)"
    )
    assert link("text", "javascript:alert(1)") == "text"
    assert link("text", "none") == "text"
    assert autolink("https://x.org/a> <b") == "<https://x.org/a%3E%20%3Cb>"
    assert autolink("data:x<b>") == "data:x&lt;b>"


TEXTS = ("mit", "cc-by-4.0", "a: b", "x\nkey: 1", "---", "yes", "null", "'\"", "- a", "a #b", "1.0")


@pytest.mark.parametrize("text", [*TEXTS, "{a}", "*x", "&x", "!!python/name:os.system", "\x7f\x1b"])
def test_yaml(text):
    document = pyyaml.safe_load(f"before: 1\nlicense: {yaml(text)}\nafter: 2\n")
    assert list(document) == ["before", "license", "after"]
    assert isinstance(document["license"], str)
    if text.isprintable():
        assert document["license"] == text


def test_plain_words_stay_as_they_are():
    assert yaml("apache-2.0") == "apache-2.0"
    assert yaml("fashion_mnist") == "fashion_mnist"


def test_python():
    assert eval(python('a"\n```b')) == 'a"\n```b'
    assert "\n" not in python("\n")
    assert name("images; import os\n```") == "images_import_os_"
    assert name("1```") == "_"
    assert name("points") == "points"


def test_templates_escape_by_default():
    text = fill("{a} {b!c} {c!y} {n:,} {m}", a="<b>", b="`", c="a: b", n=1000, m=Markup("<i>"))
    assert text == '&lt;b> `\'` "a: b" 1,000 <i>'
    assert isinstance(text, Markup)
    assert joined(", ", ["<b>", text, Markup("<i>")]) == f"&lt;b>, {text}, <i>"
