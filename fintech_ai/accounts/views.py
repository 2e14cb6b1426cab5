"""Sign-in, sign-out and a person's own settings."""

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fintech_ai.accounts.middleware import SESSION_TENANT
from fintech_ai.accounts.models import Membership, User
from fintech_ai.accounts.pages import member_required
from fintech_ai.accounts.selectors import memberships_of
from fintech_ai.accounts.services import session_note, shortcuts_set
from fintech_ai.core.tenancy import tenant_scope


class SignInForm(AuthenticationForm):
    """One sentence for every wrong pair, so that nobody learns which addresses have accounts."""

    error_messages = {
        "invalid_login": "The e-mail address and the password do not belong together. Check both and try again.",
        "inactive": "This account is closed. Ask whoever runs your tenant.",
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail address"
        self.fields["username"].widget = forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
        self.fields["username"].error_messages["required"] = "Enter your e-mail address."
        self.fields["password"].error_messages["required"] = "Enter your password."

    def clean_username(self) -> str:
        """In lower case, so that the lock-out counts one address as one."""
        return self.cleaned_data["username"].lower()


class SignIn(LoginView):
    """Every sign-in, and every refused one of a known person, is noted in the audit trail of her tenant."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: SignInForm) -> HttpResponse:
        response = super().form_valid(form)
        _note(form.get_user(), "session.started")
        return response

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        email = str(form.data.get("username", "")).strip().lower()
        if user := User.objects.filter(email=email).first():
            _note(user, "session.refused")
        return self.render_to_response(self.get_context_data(form=form), status=400)


def _note(user: User, action: str) -> None:
    membership = memberships_of(user).first()
    if membership is not None:
        _note_in(membership, action)


def _note_in(membership: Membership, action: str) -> None:
    with tenant_scope(membership.tenant_id):
        session_note(actor=membership.as_actor(), user=membership.user, action=action)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; without one, nothing happens."""
    if request.membership is not None:
        _note_in(request.membership, "session.ended")
    logout(request)
    messages.success(request, "You are signed out.")
    return redirect("sign-in")


class AccountForm(forms.ModelForm):
    """What a person may change of her own account."""

    class Meta:
        model = User
        fields = ["single_key_shortcuts"]
        labels = {"single_key_shortcuts": "Decide and move with single keys"}
        help_texts = {"single_key_shortcuts": "Switch this off if you dictate, or press keys by accident."}


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Who one is here, and one's own settings."""
    form = AccountForm(request.POST or None, instance=request.user)
    if request.method == "POST":
        form = AccountForm(request.POST, instance=request.user)
        if form.is_valid():
            shortcuts_set(actor=request.actor, user=request.user, **form.cleaned_data)
            messages.success(request, "Saved.")
            return redirect("account")
    return render(request, "accounts/account.html", {"form": form, "memberships": memberships_of(request.user)})


@member_required
@require_POST
def change_tenant(request: HttpRequest) -> HttpResponse:
    """Work in another of one's tenants from now on."""
    wanted = request.POST.get("tenant", "")
    if any(str(membership.tenant_id) == wanted for membership in memberships_of(request.user)):
        request.session[SESSION_TENANT] = wanted
    return redirect("home")


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """Every key and what it does."""
    return render(request, "keys.html")
