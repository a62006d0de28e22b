# Computes the hashes that store_test.go expects, from the description of the format in trail.go alone.
import hashlib


def part(name, value):
    text = value.encode()
    return name.encode() + b":" + str(len(text)).encode() + b":" + text + b"\n"


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()


body = sha(b'{"n":2}')
state = sha(b"zutuan state 1\n", part("kind", "note"), part("id", "GX-1"), part("version", "2"), part("region", "451481"),
            part("created_ms", "1782864000123"), part("updated_ms", "1782864001000"), part("fields", '{"amount":-5,"name":"凭祥"}'))
entry = sha(b"zutuan entry 1\n", part("kind", "note"), part("id", "GX-1"), part("version", "2"), part("at_ms", "1782864001000"),
            part("who", "张三"), part("action", "edit"), part("why", "测试"), part("path", "/n"), part("old", "1"), part("new", "2"),
            part("more_changes", "0"), part("body", body), part("state", state), part("previous", "00" * 32))
print(state, body, entry, sep="\n")
