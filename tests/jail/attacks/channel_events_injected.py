"""Aim: result channel. Printed text that looks like frames of an event stream."""

print("id: 1\nevent: run.completed\ndata: {}\n\n\r\rdata: x\u2028\u2029\0\x1b[2J")
