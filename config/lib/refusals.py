"""A service's refusal, said where a form says its own errors."""

from django import forms

from config.lib.errors import ServiceError


def tell(form: forms.BaseForm, refusal: ServiceError) -> None:
    """Put the words of ``refusal`` at the fields it names, or over the form."""
    named = {name: texts for name, texts in refusal.fields.items() if name in form.fields}
    for name, texts in named.items():
        form.add_error(name, [str(text) for text in texts])
    if not named:
        form.add_error(None, str(refusal.message))
