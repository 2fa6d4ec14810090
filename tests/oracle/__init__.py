"""An oracle of carbonfront's answers, written from the definitions (data/schema.md, `carbonfront models`) and not from the program."""
