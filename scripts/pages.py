"""Write the page of each preset of the project anew from its card.

python scripts/pages.py
"""

from zoo.files.home import write_text
from zoo.presets import locate
from zoo.presets.card import Card
from zoo.presets.page import PAGE_NAME, model_card

if __name__ == "__main__":
    for name in locate.shelf():
        path, folder = locate.place(name)
        write_text(folder / PAGE_NAME, model_card(Card.read(path)))
        print(name)
