"""A WebSocket client (RFC 6455) of the standard library alone, for engine-containers.sh.

    engine_ws.py SOCKET PATH [send TEXT | ping TEXT | raw HEX | wait TEXT | close]...

Prints the status line, then a line per frame that came: its opcode and payload. `wait` reads
until the payloads so far have the text.
"""
import base64, os, socket, struct, sys

s = socket.socket(socket.AF_UNIX)
s.settimeout(10)
s.connect(sys.argv[1])
headers = {"Host": "d", "Connection": "keep-alive, Upgrade", "Upgrade": "websocket",
           "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode()}
s.sendall(("GET %s HTTP/1.1\r\n" % sys.argv[2]
           + "".join("%s: %s\r\n" % h for h in headers.items()) + "\r\n").encode())
stream = s.makefile("rb")
status = stream.readline().decode().strip()
print(status)
length = 0
while (line := stream.readline().strip()):
    if line.lower().startswith(b"content-length:"):
        length = int(line.split(b":")[1])
if " 101 " not in status:
    print(stream.read(length).decode())
    sys.exit()

seen = b""


def frame():
    """The next frame, printed; False at the end."""
    global seen
    head = stream.read(2)
    if len(head) < 2:
        return False
    n = head[1] & 0x7f
    if n == 126:
        n, = struct.unpack(">H", stream.read(2))
    payload = stream.read(n)
    if head[0] & 0xf in (1, 2):
        seen += payload
    print(head[0] & 0xf, payload)
    return head[0] & 0xf != 8


def send(opcode, payload):
    mask = os.urandom(4)
    s.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + mask
              + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))


args = sys.argv[3:]
while args:
    what = args.pop(0)
    if what == "close":
        send(8, struct.pack(">H", 1000))
        continue
    text = args.pop(0)
    if what == "send":
        send(2, text.encode())
    elif what == "ping":
        send(9, text.encode())
    elif what == "raw":
        s.sendall(bytes.fromhex(text))
    elif what == "wait":
        while text.encode() not in seen and frame():
            pass
while frame():
    pass
