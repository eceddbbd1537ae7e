#!/usr/bin/env python3
"""engine_dns.py serve ADDRESS - a resolver over UDP and TCP: x.test is 10.99.0.1, all else is nobody;
engine_dns.py ask ADDRESS NAME TYPE [tcp] - one question: the code and the addresses;
engine_dns.py fuzz ADDRESS N - N packets of noise, over UDP and TCP, and no answer is waited for."""
import ipaddress, os, random, socket, struct, sys, threading

def name_of(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels), at + 1

def answer(packet):
    name, end = name_of(packet, 12)
    end += 4
    if name != "x.test":
        return packet[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + packet[12:end]
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([10, 99, 0, 1])
    return packet[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + packet[12:end] + record

def serve(address):
    tcp = socket.create_server((address, 53))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((address, 53))
    def over_tcp():
        while True:
            c, _ = tcp.accept()
            n = struct.unpack("!H", c.recv(2, socket.MSG_WAITALL))[0]
            a = answer(c.recv(n, socket.MSG_WAITALL))
            c.sendall(struct.pack("!H", len(a)) + a)
            c.close()
    threading.Thread(target=over_tcp, daemon=True).start()
    while True:
        packet, who = udp.recvfrom(4096)
        try:
            udp.sendto(answer(packet), who)
        except (UnicodeDecodeError, IndexError):
            pass # noise

def ask(address, name, kind, tcp=False):
    number = {"A": 1, "PTR": 12, "AAAA": 28}[kind]
    q = os.urandom(2) + b"\1\0\0\1\0\0\0\0\0\0"
    q += b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0"
    q += struct.pack("!HH", number, 1)
    if tcp:
        c = socket.create_connection((address, 53), 5)
        c.sendall(struct.pack("!H", len(q)) + q)
        n = struct.unpack("!H", c.recv(2, socket.MSG_WAITALL))[0]
        a = c.recv(n, socket.MSG_WAITALL)
    else:
        c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        c.settimeout(5)
        c.connect((address, 53))
        c.send(q)
        a = c.recv(4096)
    assert a[:2] == q[:2]
    at, found = len(q), []
    for _ in range(struct.unpack("!H", a[6:8])[0]):
        size = struct.unpack("!H", a[at + 10:at + 12])[0]
        data = a[at + 12:at + 12 + size]
        found.append(name_of(a, at + 12)[0] if number == 12 else str(ipaddress.ip_address(data)))
        at += 12 + size
    print(" ".join([str(a[3] & 15)] + sorted(found)))

def fuzz(address, n):
    rng = random.Random(1)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.connect((address, 53))
    good = b"\0\1\1\0\0\1\0\0\0\0\0\0\3web\0\0\1\0\1"
    for _ in range(n):
        p = bytearray(good if rng.random() < 0.7 else rng.randbytes(rng.randrange(600)))
        for _ in range(rng.randrange(1, 6)):
            if p:
                p[rng.randrange(len(p))] = rng.randrange(256)
        try:
            udp.send(p)
            if rng.random() < 0.02:
                c = socket.create_connection((address, 53), 2)
                c.sendall(struct.pack("!H", rng.randrange(65536)) + p)
                c.close()
        except OSError:
            pass

if sys.argv[1] == "serve":
    serve(sys.argv[2])
elif sys.argv[1] == "fuzz":
    fuzz(sys.argv[2], int(sys.argv[3]))
else:
    ask(sys.argv[2], sys.argv[3], sys.argv[4], len(sys.argv) > 5)
