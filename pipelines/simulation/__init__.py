"""A made-up world of four airlines that talks like the real one: the bundled sample, and the bench's bulk input.

    world      who there is, what happens when (the script), and how much is said at any moment
    threads    one brand's hour as arrays: conversations and everything that follows from them
    grammar    phrase files as trees; facts of a conversation
    compose    one text, from a conversation's facts and its own random numbers
    emit       arrays and texts as mentions, for any window
    truth      what is really so: labels of every mention, onset and reason of the crisis
    export     the same as JSON lines

Nothing in it is real: names, handles, numbers and addresses are invented (example domains, 555 numbers).
"""
