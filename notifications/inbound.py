"""Where providers and mailed links come in."""

from django.urls import path

from notifications import link_page, slack_inbound, twilio_inbound

urlpatterns = [
    path("slack/interactivity/", slack_inbound.interactivity),
    path("slack/commands/", slack_inbound.commands),
    path("slack/events/", slack_inbound.events),
    path("twilio/sms/", twilio_inbound.sms),
    path("twilio/status/", twilio_inbound.status),
    path("twilio/voice/", twilio_inbound.voice),
    path("e/<str:token>/", link_page.page),
]
