"""What a student handed in, whatever it is, as a notebook that can be graded.

files         which file it is, and of what kind: nothing is followed or waited for
beside        what lies beside it that nbgrader must not copy, and its time
defusing      nothing in it acts in other people's browsers and logs
definitions   what a cell defines, and whether that is work or still the stub
reading       what the file holds, read as a notebook
receiving     the notebook of one student, with notes on how it came to be one
adoption      which cell answers which exercise, however the learner arranged them
written       answers in words: found, or shown to a person
repair        all of this in order, cell by cell
"""
