"""Running a command: its supervisor, its folder, its environment, and the files that it leaves."""
