"""One call of a submission: what it may use, what it leaves behind, what came out.

limits      how long it may take
plain       what came back, as data that can be compared and sent
inputs      which inputs it changed
streams     the keyboard and the screen that it finds
remarks     what it left behind that costs no points
withheld    what is being asked does not answer while it is asked
outcome     a result, or what went wrong; never both
results     what came back, with the gradients or the later state that a recipe asks for
patience    the limit of each call, by how those before it went
attempt     the call
"""
