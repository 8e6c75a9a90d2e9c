from checkout.models.sessions import Method, Session, Shop, State, Try

__all__ = ["Method", "Session", "Shop", "State", "Try"]
