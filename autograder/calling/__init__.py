"""One call of a submission: what it may use, what it leaves behind, what came out.

limits      how long it may take
plain       what came back, as data that can be compared and sent
inputs      which inputs it changed
streams     the keyboard and the screen that it finds
remarks     what it left behind that costs no points
withheld    what is being asked does not answer while it is asked
attempt     the call: a result or an error, never both
"""
