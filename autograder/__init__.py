"""Grade exercises: run the submission apart, judge its results here, name the mistake."""
