"""Changes that one person proposes and another approves, such as whom a tenant's questions go to.

models.Proposal     what is stored of one, and what can never be true of it: a base for an app's own models
services            propose, approve, reject, withdraw
"""
