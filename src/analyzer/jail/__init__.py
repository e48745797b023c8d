"""The jail: where code runs that a user or a model wrote.

Only the operating system is a boundary here; nothing looks at the text of the code. A process puts itself behind one
layer after the other (`entering`), each layer is proved on this machine by trying what it forbids (`proof`), and what
is proved gives the level. `supervision` starts a jailed process, feeds it, watches it and reads what it says; every
byte that comes out is length-capped and checked (`channel`), and none is ever unpickled.
"""
