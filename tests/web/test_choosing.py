"""A long list to choose from is written as Django would write it, only sooner."""

import pytest
from django import forms
from django.forms.models import ModelChoiceField
from pytest_django.asserts import assertHTMLEqual

from accounts.models import User
from tests import factories
from web.forms.choosing import LongSelect


@pytest.mark.parametrize("value", [None, "", "a", 2, "2", "nobody"])
def test_it_is_written_as_by_django(value: object) -> None:
    choices = [("", "Choose"), ("a", "<b>Ada</b> & co"), (2, "Ben"), ('"', "quoted")]
    attrs = {"id": "id_who", "required": True, "disabled": False, "class": 'x"y'}

    ours = LongSelect(choices=choices, attrs={"data-long": "1"}).render("who", value, attrs)
    theirs = forms.Select(choices=choices, attrs={"data-long": "1"}).render("who", value, attrs)

    assertHTMLEqual(ours, theirs)


@pytest.mark.django_db
def test_people_are_chosen_from_it() -> None:
    ada, ben = factories.a_user("ada"), factories.a_user("ben")

    class Choice(forms.Form):
        who = ModelChoiceField(queryset=User.objects.order_by("username"), empty_label="Nobody", widget=LongSelect)

    html = str(Choice({"who": ben.pk})["who"])

    assert f'<option value="{ada.pk}">ada</option>' in html
    assert f'<option value="{ben.pk}" selected>ben</option>' in html
    assert Choice({"who": ben.pk}).is_valid()
    assert not Choice({"who": 0}).is_valid()
