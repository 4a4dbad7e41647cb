"""What `/metrics` tells of engines, which are other processes than the one that answers."""

from django.db import models


class Figure(models.Model):
    """What all engines have counted so far, of one name with one set of labels.

    Never read by anything but `/metrics`: no decision stands on it.
    """

    name = models.CharField(max_length=120)
    labels = models.JSONField(default=dict)
    value = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(name="figure_by_name", fields=["name", "labels"])]

    def __str__(self) -> str:
        return f"{self.name} {self.labels}: {self.value}"
