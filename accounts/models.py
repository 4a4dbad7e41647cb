"""People, the teams they are in, and the keys their scripts use."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models

from core import clock


class Role(models.TextChoices):
    """What somebody may do, each including what stands before it."""

    VIEWER = "viewer", "Viewer"
    RESPONDER = "responder", "Responder"
    MANAGER = "manager", "Manager"
    ADMIN = "admin", "Admin"


class UserQuerySet(models.QuerySet["User"]):
    """The vocabulary of lists of people."""

    def active(self) -> "UserQuerySet":
        """Those who can sign in and be paged."""
        return self.filter(is_active=True)

    def managers_of(self, team: "Team") -> "UserQuerySet":
        """Members of the team whose role is manager or admin: whom a page goes to when nobody else is found."""
        return self.active().filter(memberships__team=team, role__in=[Role.MANAGER, Role.ADMIN]).order_by("username")

    def admins(self) -> "UserQuerySet":
        """The organisation's catch-all."""
        return self.active().filter(role=Role.ADMIN).order_by("username")


class Users(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]  # the base is made at run time
    """Makes people; also what Django's `createsuperuser` calls."""

    def create_user(self, username: str, password: str | None = None, **fields: object) -> "User":
        """A new person; without a password she cannot sign in by one."""
        user: User = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: object) -> "User":
        """A new admin."""
        return self.create_user(username, password, **{"role": Role.ADMIN, **fields})


class User(AbstractBaseUser):
    """Somebody who signs in, is paged, or both."""

    username = models.CharField(
        max_length=150,
        unique=True,
        validators=[RegexValidator(r"^[\w.@+-]+\Z", "Letters, digits and . @ + - _ only.")],
    )
    email = models.EmailField(blank=True)
    full_name = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.RESPONDER)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name, for example Europe/Berlin.")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[Users] = Users()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(name="user_role_is_known", condition=models.Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def shown_name(self) -> str:
        """How people see her name."""
        return self.full_name or self.username

    def is_at_least(self, role: Role) -> bool:
        """Whether her role includes the given one."""
        ranks = list(Role)
        return self.is_active and ranks.index(Role(self.role)) >= ranks.index(role)

    @property
    def is_staff(self) -> bool:
        """Whether she may enter the admin: managers review there."""
        return self.is_at_least(Role.MANAGER)

    @property
    def is_superuser(self) -> bool:
        """Admins may do everything."""
        return self.is_at_least(Role.ADMIN)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django's admin asks this; the rules are in each admin class, which knows what it shows."""
        return self.is_at_least(Role.ADMIN) or (self.is_staff and ".view_" in perm)

    def has_perms(self, perms: list[str], obj: object = None) -> bool:
        """All of them."""
        return all(self.has_perm(perm, obj) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the admin shows this app to her."""
        return self.is_staff


class Team(models.Model):
    """Those who own services and answer for them."""

    name = models.CharField(max_length=100, unique=True)
    members: "models.ManyToManyField[User, Membership]" = models.ManyToManyField(
        User, through="Membership", related_name="teams"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person in one team. Whether she manages it follows from her role."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        ordering = ["team__name", "user__username"]
        constraints = [models.UniqueConstraint(name="membership_once", fields=["team", "user"])]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class Scope(models.TextChoices):
    """What a key may be used for, each including what stands before it."""

    READ = "read", "Read"
    WRITE = "write", "Write"
    ADMIN = "admin", "Admin"


class ApiKey(models.Model):
    """A script's way in. Acts as its user, within its scope. Only the hash of the key is kept."""

    name = models.CharField(max_length=100, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    scope = models.CharField(max_length=8, choices=Scope.choices, default=Scope.READ)
    prefix = models.CharField(max_length=12, editable=False, help_text="The key's first characters, to recognise it.")
    key_hash = models.BinaryField(unique=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SignInAttempt(models.Model):
    """A failed sign-in. Counted in PostgreSQL, so the limit holds with Redis down and in every process."""

    account = models.CharField(max_length=150)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-at"]
        indexes = [
            models.Index(name="attempt_by_account", fields=["account", "at"]),
            models.Index(name="attempt_by_address", fields=["address", "at"]),
        ]

    def __str__(self) -> str:
        return f"{self.account} at {self.at:%Y-%m-%d %H:%M}"
