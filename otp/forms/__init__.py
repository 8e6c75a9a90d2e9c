from otp.forms.history import HistoryForm
from otp.forms.shop import FavouriteForm, PurchaseForm, ShopForm

__all__ = ["FavouriteForm", "HistoryForm", "PurchaseForm", "ShopForm"]
