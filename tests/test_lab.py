"""Chapter 1's explorer in JupyterLab, with keyboard and mouse."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from steadygrad.explorers.gradients import explorer
from tests import browser
from tests.jupyter import browser_page, jupyterlab

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
FIGURE = (
    'plots.show("1.99", plots.curves({"a": [2.0, 1.0]}), '
    'caption="Down.", alt="A falling line.")'
)
SLIDERS = {  # by the names that screen readers say
    "depth": "depth",
    "width": "width",
    "weight_scale": "weights, × He’s",
    "input_scale": "inputs, ×",
}


@pytest.fixture(scope="module")
def notebook(tmp_path_factory) -> Path:
    """Chapter 1 as students get it, with one more figure behind its explorer."""
    chapter = nbformat.read(ROOT / "course/01_gradients/01_gradients.ipynb", as_version=4)
    chapter.cells.append(new_code_cell(f"# after the explorer\n{FIGURE}"))
    path = tmp_path_factory.mktemp("course") / "01_gradients.ipynb"
    nbformat.write(chapter, path)
    return path


@pytest.fixture(scope="module")
def lab(notebook, tmp_path_factory):
    with jupyterlab(notebook.parent, tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def lab_page(notebook, lab, requests):
    """The notebook, open in JupyterLab, with its explorer and nothing unsolved run."""
    with browser_page(requests) as page:
        browser.open_notebook(page, lab, notebook)
        browser.run(page, notebook, mentioning="explorer")
        drawing(page).wait_for()
        page.set_default_timeout(20_000)  # of what is drawn already
        yield page
        browser.close_notebook(page)


@pytest.fixture
def page(lab_page):
    """The explorer as a preset leaves it, on a page of the usual width."""
    lab_page.set_viewport_size({"width": 1280, "height": 900})
    preset(lab_page, "ReLU, He’s").click()
    wait_for(lab_page, "keeps its size")
    yield lab_page
    assert browser.errors(lab_page) == []


def drawing(page):
    return page.get_by_role("group", name="A network drawn twice")


def network(page):
    return page.get_by_role("slider", name="layer shown")


def preset(page, name):
    return page.get_by_role("button", name=name)


def sentence(page) -> str:
    return page.locator(".steadygrad-drawn [role=status]").inner_text()


def wait_for(page, words: str) -> None:
    """Until the sentence has these words in it."""
    page.locator(".steadygrad-drawn [role=status]", has_text=words).wait_for()


def wait_for_another(page, old: str) -> None:
    page.wait_for_function(
        "old => document.querySelector('.steadygrad-drawn [role=status]').innerText !== old",
        arg=old,
    )


def slider(page, trait: str):
    found = page.get_by_role("slider", name=SLIDERS[trait], exact=True)
    found.scroll_into_view_if_needed()
    return found


def click_layer(page, share: float) -> None:
    """Click into the network, so far from its left to its right end."""
    network(page).scroll_into_view_if_needed()
    box = network(page).bounding_box()
    page.mouse.click(box["x"] + share * box["width"], box["y"] + 60)


def wait_for_layer(page, name: str) -> None:
    page.locator(".steadygrad-drawn h4", has_text=name).wait_for()
    assert network(page).get_attribute("aria-valuetext") == name.lower()


def test_the_explorer_is_shown_without_an_error(page):
    assert drawing(page).count() == 1
    drawing(page).scroll_into_view_if_needed()
    browser.screenshot(page, "explorer")


def test_sliders_moved_in_quick_succession_end_in_the_picture_of_their_values(page):
    before = sentence(page)
    for trait, pixels in [("width", 20), ("depth", 40), ("width", -10), ("depth", -15)]:
        browser.drag(page, slider(page, trait), pixels)
    wait_for_another(page, before)
    here = explorer()
    for trait in ("depth", "width"):
        setattr(here, trait, int(slider(page, trait).input_value()))
    assert here.depth != 20
    wait_for(page, here.sentence.replace("\u00a0", " "))
    shown = page.locator(".steadygrad-drawn dd").all_inner_texts()
    assert shown == list(here.detail["numbers"].values())


@pytest.mark.parametrize("trait", SLIDERS)
def test_a_slider_follows_the_mouse(page, trait):
    before = sentence(page)
    browser.drag(page, slider(page, trait), -20)
    wait_for_another(page, before)


@pytest.mark.parametrize("trait", SLIDERS)
def test_a_slider_follows_the_keyboard_and_says_where_it_stands(page, trait):
    before, said = sentence(page), slider(page, trait).get_attribute("aria-valuetext")
    slider(page, trait).focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    wait_for_another(page, before)
    assert slider(page, trait).get_attribute("aria-valuetext") != said
    assert slider(page, trait).evaluate("input => input === document.activeElement")


def test_the_activation_follows_the_keyboard(page):
    before = sentence(page)
    page.get_by_role("radio", name="ReLU").focus()
    page.keyboard.press("ArrowLeft")
    wait_for_another(page, before)
    assert page.get_by_role("radio", name="tanh").is_checked()


def test_a_preset_follows_the_keyboard_and_moves_the_controls(page):
    preset(page, "sigmoid").focus()
    page.keyboard.press("Enter")
    wait_for(page, "the gradient vanishes")
    assert preset(page, "sigmoid").get_attribute("aria-pressed") == "true"
    assert preset(page, "ReLU, He’s").get_attribute("aria-pressed") == "false"
    assert page.get_by_role("radio", name="sigmoid").is_checked()
    assert slider(page, "weight_scale").get_attribute("aria-valuetext") == "0.41"
    browser.screenshot(page, "explorer_sigmoid")


def test_a_clicked_layer_shows_its_values(page):
    wait_for_layer(page, "Layer 10 of 20")
    click_layer(page, 0.99)
    wait_for_layer(page, "The scores")
    click_layer(page, 0.05)
    wait_for_layer(page, "Layer 1 of 20")
    assert page.get_by_role("img", name="Histogram of the activations of layer 1 of 20").count()
    assert "activation flat for" in page.locator(".steadygrad-drawn dl").inner_text()


def test_the_layer_shown_follows_the_keyboard(page):
    network(page).focus()
    for key, name in [
        ("ArrowRight", "Layer 11 of 20"),
        ("ArrowUp", "Layer 12 of 20"),
        ("ArrowLeft", "Layer 11 of 20"),
        ("Home", "Layer 1 of 20"),
        ("ArrowLeft", "Layer 1 of 20"),
        ("End", "The scores"),
    ]:
        page.keyboard.press(key)
        wait_for_layer(page, name)


def test_letters_typed_at_the_network_are_no_commands_of_jupyterlab(page):
    cells = page.locator(".jp-Cell").count()
    network(page).focus()
    page.keyboard.press("b")  # a new cell below
    page.keyboard.press("ArrowRight")
    wait_for_layer(page, "Layer 11 of 20")
    assert page.locator(".jp-Cell").count() == cells


def test_nothing_in_it_is_without_a_name_or_hard_to_read(page):
    assert browser.axe(page, ".steadygrad-drawn") == []


@pytest.mark.parametrize("theme", browser.THEMES)
@pytest.mark.parametrize("width", [1400, 768, 420])
def test_it_fits_its_room_in_both_themes(page, theme, width):
    browser.without_files(page)
    browser.in_theme(page, theme)
    page.set_viewport_size({"width": width, "height": 1000})
    slider(page, "depth").fill("50")
    wait_for(page, "from layer 1 to layer 50")
    drawing(page).scroll_into_view_if_needed()
    browser.screenshot(page, f"explorer_{width}_{theme.lower()}")
    inside, outside = page.locator(".steadygrad-drawn").evaluate(
        "el => [el.scrollWidth, el.clientWidth]"
    )
    assert inside <= outside
    room = page.locator(".jp-OutputArea", has=drawing(page)).first
    assert room.evaluate("el => el.scrollWidth - el.clientWidth") == 0
    smallest = drawing(page).evaluate(
        """svg => Math.min(...[...svg.querySelectorAll('text')].map(text =>
            parseFloat(getComputedStyle(text).fontSize) * svg.getScreenCTM().a))"""
    )
    assert smallest >= 11


def test_a_figure_stands_behind_the_explorer_with_its_words(page):
    assert page.get_by_role("img", name="A falling line.").count() == 1
    assert page.locator("figcaption").last.inner_text() == "Figure 1.99 · Down."


def test_reopened_without_its_kernel_it_leaves_a_picture_and_no_error(lab_page):
    browser.save(lab_page)
    browser.close_notebook(lab_page)
    lab_page.reload()
    lab_page.wait_for_function("() => !!window.jupyterapp")
    lab_page.evaluate("() => window.jupyterapp.restored")
    lab_page.wait_for_function(browser.READY)
    still = lab_page.locator(".steadygrad-still")
    still.scroll_into_view_if_needed()
    assert still.get_by_role("img", name="A network drawn twice").is_visible()
    assert "Forwards, from layer 1 to layer 20" in still.inner_text()
    assert browser.dead_widgets(lab_page) == []
    browser.screenshot(lab_page, "explorer_reopened")


def test_no_request_left_this_machine(lab_page, requests):
    assert len(requests) > 10
    assert browser.foreign(requests) == []
