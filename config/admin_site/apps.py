"""Makes our site the one that every `admin.py` registers with."""

from django.contrib.admin.apps import AdminConfig


class AdminSiteConfig(AdminConfig):
    default_site = "config.admin_site.site.Site"
