# A line to a web socket: what comes on standard input goes there, what comes from there is printed.
import sys
import threading
import time

from websockets.sync.client import connect

deadline = time.monotonic() + 15
while True:
    try:
        socket = connect(sys.argv[1], open_timeout=5)
        break
    except OSError:
        # It does not listen yet.
        if time.monotonic() > deadline:
            raise
        time.sleep(0.02)


def pass_on():
    for line in sys.stdin:
        socket.send(line.rstrip("\n"))


threading.Thread(target=pass_on, daemon=True).start()
print("open", flush=True)
for message in socket:
    print(message, flush=True)
