# The library behringer-mixer as a program for a mixer: says what it hears, and does what lines of
# standard input ask for:  set PROPERTY VALUE    say ADDRESS TEXT    state PROPERTY
import asyncio
import sys

from behringer_mixer import mixer_api


def say(*words):
    print(*words, flush=True)


async def main():
    mixer = mixer_api.create(sys.argv[1], ip=sys.argv[2])
    say("started", await mixer.start())
    await mixer.reload()
    following = asyncio.create_task(
        mixer.subscribe(lambda news: say("heard", news["property"], news["value"]))
    )
    say("loaded", mixer.name(), mixer.firmware())
    while line := await asyncio.to_thread(sys.stdin.readline):
        what, where, *rest = line.split()
        if what == "set":
            await mixer.set_value(where, float(rest[0]))
        elif what == "say":
            await mixer.send(where, rest[0])
        elif what == "state":
            say("state", where, mixer.state(where))
    await mixer.unsubscribe()
    following.cancel()
    await mixer.stop()


asyncio.run(main())
