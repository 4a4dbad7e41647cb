"""An integration's own expressions, which say what its alerts are, in versions that people try and put into use."""
