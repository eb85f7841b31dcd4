"""nbgrader's settings; run it in this folder: `cd autograder && nbgrader ...`.

The secret from which grading draws its cases does not belong here: docs/instructors.md.
"""

from autograder.preprocessors import configure

c = get_config()  # noqa: F821 - defined by nbgrader, which runs this file

configure(c)
