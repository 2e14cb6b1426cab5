"""Pages around a person's own account."""

from django.urls import path

from fintech_ai.accounts import views

urlpatterns = [
    path("sign-in", views.SignIn.as_view(), name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("account/", views.account, name="account"),
    path("account/tenant", views.change_tenant, name="account-tenant"),
    path("keys/", views.keys, name="keys"),
]
