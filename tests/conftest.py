import signal

# A shell that runs the tests in the background ignores Ctrl-C for them, and so for all that they start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
