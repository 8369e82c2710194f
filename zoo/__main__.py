"""`python -m zoo` is the program `zoo`."""

from zoo.cli import main

if __name__ == "__main__":
    main()
