"""A notebook run in a process of its own, which knows no answers and is not trusted.

cells       a cell, read as the Python that IPython makes of it
shell       what a cell finds in a kernel: `get_ipython()` and company
kernel      cell after cell among the same names
lending     names that a submission leans on, lent to it for one call
sealed      our own modules, kept as they are whatever runs beside them
wire        plain data between two processes that do not trust each other
worker      the child: runs cells, calls what they define, sends back what came out
process     the parent's end of it: started, asked, ended when it does not answer
sandbox     a notebook that runs in one worker after the other, if need be
"""
