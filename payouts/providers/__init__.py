"""The rails of this installation, by name: banks and mobile money, live and sandbox (settings.PAYOUT_RAILS)."""
