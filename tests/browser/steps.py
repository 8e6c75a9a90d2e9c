"""What a person does, in the words of the pages."""

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.screens import SCREENS

PASSWORD = "a-long-enough-secret"
_SERIOUS = {"serious", "critical"}
_STICKING_OUT = """[...document.querySelectorAll("main *")]
  .filter((one) => one.getBoundingClientRect().right > window.innerWidth).map((one) => one.outerHTML.slice(0, 120))"""

# Colours on their way from one theme to the other are nobody's.
_AT_REST = """() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(() => {
  const passing = document.getAnimations().filter(one => one.effect.getComputedTiming().endTime !== Infinity);
  passing.forEach(one => one.finish());
  resolve();
})))"""


def expect_accessible(page: Page) -> None:
    """axe finds nothing serious on the page as it stands, and nothing sticks out to the right of any screen."""
    page.wait_for_load_state()  # a page without its style sheet is not what people see
    page.evaluate(_AT_REST)
    serious = _serious(page)
    assert not serious, f"{page.url}: {serious}"
    expect_fits(page)


def expect_fits(page: Page) -> None:
    """Nothing sticks out to the right of any screen."""
    page.wait_for_load_state()
    own = page.viewport_size
    for name, (width, height) in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
            f"{page.url} is too wide for a {name}: {page.evaluate(_STICKING_OUT)}"
        )
    if own:
        page.set_viewport_size(own)


def expect_contrast(page: Page) -> None:
    """In the other theme everything can be read too: the one thing about a page that a theme changes."""
    own = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    page.emulate_media(color_scheme="light" if own == "dark" else "dark")
    page.evaluate(_AT_REST)
    faint = _serious(page, {"runOnly": ["color-contrast", "link-in-text-block"]})
    page.emulate_media(color_scheme=own)
    assert not faint, f"{page.url} in the other theme: {faint}"


def _serious(page: Page, options: dict[str, Any] | None = None) -> list[str]:
    found = Axe().run(page, options=options or {"resultTypes": ["violations"]}).response["violations"]
    serious = [rule for rule in found if rule["impact"] in _SERIOUS]
    return [f"{rule['id']}: {' | '.join(node['html'] for node in rule['nodes'][:3])}" for rule in serious]


def sign_up(page: Page, context: BrowserContext, email: str, name: str = "Dewi Anggraini") -> None:
    """From the front page to the home page, by way of the mailbox."""
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    expect_accessible(page)
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text(email).first).to_be_visible()
    expect_accessible(page)
    page.goto(confirmation_link(context, email))
    page.get_by_role("button", name=re.compile("confirm", re.I)).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")


def confirmation_link(context: BrowserContext, email: str) -> str:
    """What the mail to ``email`` says, read in the sandbox's mailbox once the worker has sent it."""
    box = context.new_page()
    box.goto(f"/sandbox/mail/?q={email}")
    box.locator("#letters a").first.click()
    link = box.get_by_role("article").get_by_role("link").filter(has_text="confirm-email").first
    address = link.get_attribute("href")
    box.close()
    assert address
    return address


def top_up(page: Page, amount: str, bank: str = "BCA") -> None:
    """Ask for a virtual account and wait until its number is there."""
    page.goto("/topup/")
    expect_accessible(page)
    page.get_by_label("Your own amount").fill(amount)
    page.locator("label.way").filter(has_text="Virtual account").click()
    page.locator("label.form-selectgroup-item").filter(has_text=bank).first.click()
    page.get_by_role("button", name="Continue to payment").click()
    expect(page.get_by_role("heading", name="Pay to this number")).to_be_visible()
    expect_accessible(page)


def begin(page: Page, amount: str, way: str) -> None:
    """Ask for a top-up of ``amount`` by ``way`` and wait for the page that says how to pay it."""
    page.goto("/topup/")
    page.get_by_label("Your own amount").fill(amount)
    page.locator("label").filter(has_text=way).first.click()
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url("**/topup/deposits/**")


def play(context: BrowserContext, action: str, what: str) -> None:
    """Press ``action`` for what shows ``what`` on the sandbox page of other ways to pay, in a second tab."""
    outside = context.new_page()
    outside.goto("/sandbox/ways/")
    expect_accessible(outside)
    row = outside.locator("li").filter(has_text=what)
    row.get_by_role("button", name=re.compile(f"^{action}")).first.click()
    expect(outside.get_by_role("status").or_(outside.get_by_role("alert")).first).to_be_visible()
    outside.close()


def transfer(context: BrowserContext, number: str, amount: str) -> None:
    """Transfer ``amount`` to a permanent number on the sandbox page, in a second tab."""
    bank = context.new_page()
    bank.goto("/sandbox/ways/")
    row = bank.locator(f"#permanent-{number}")
    row.get_by_label(re.compile("^Amount in rupiah")).fill(amount)
    row.get_by_role("button", name="Transfer").click()
    expect(bank.get_by_role("status").or_(bank.get_by_role("alert")).first).to_be_visible()
    bank.close()


def pay_at_the_bank(context: BrowserContext, number: str) -> None:
    """Pay the account ``number`` on the sandbox page, in a second tab."""
    bank = context.new_page()
    bank.goto("/sandbox/")
    row = bank.locator("li").filter(has_text=number)
    row.get_by_role("button", name=re.compile("^Pay ")).first.click()
    expect(bank.get_by_role("status").or_(bank.get_by_role("alert")).first).to_be_visible()
    expect_accessible(bank)
    bank.close()


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/account/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")


def buy(page: Page, service: str) -> str:
    """Search a service, buy its first offer, and return the number once it is shown."""
    page.goto("/numbers/")
    expect_accessible(page)
    page.get_by_label("Which service sends the code?").fill(service)
    page.locator("#offers").get_by_role("link", name=service, exact=True).first.click()
    expect_accessible(page)
    page.get_by_role("button", name=re.compile(f"^Buy .*{service}")).first.click()
    _confirm_if_asked(page)
    number = page.locator(".big-number").first
    expect(number).to_be_visible()
    return number.inner_text().strip()


def _confirm_if_asked(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    if dialog.count() and dialog.first.is_visible():
        dialog.get_by_role("button").last.click()


def deliver(context: BrowserContext, number: str, code: str) -> None:
    """Send ``code`` to ``number`` on the sandbox page, in a second tab."""
    network = context.new_page()
    network.goto("/sandbox/")
    # The sandbox writes numbers in groups; the digits are the same.
    spaced = re.compile(r"\D*".join(re.sub(r"\D", "", number)))
    row = network.locator("li").filter(has_text=spaced)
    row.get_by_label(re.compile("^Code")).fill(code)
    row.get_by_role("button", name="Deliver").click()
    expect(network.get_by_role("status").or_(network.get_by_role("alert")).first).to_be_visible()
    network.close()
