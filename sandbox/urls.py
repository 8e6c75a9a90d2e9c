from django.urls import path

from sandbox import views, views_cards, views_rail, views_sms, views_supplier, views_ways

app_name = "sandbox"

urlpatterns = [
    path("", views.index, name="index"),
    path("pay", views.pay, name="pay"),
    path("deliver", views.deliver, name="deliver"),
    path("end", views.end, name="end"),
    path("letter", views.send_mail, name="send_mail"),
    path("end-inbox", views.end_inbox, name="end_inbox"),
    path("rail/", views_rail.rail, name="rail"),
    path("rail/end", views_rail.end, name="rail_end"),
    path("rail/mood", views_rail.mood, name="rail_mood"),
    path("cards/", views_cards.cards, name="cards"),
    path("cards/challenge", views_cards.challenge, name="card_challenge"),
    path("cards/mood", views_cards.mood, name="card_mood"),
    path("sms/", views_sms.phones, name="sms"),
    path("sms/end", views_sms.end, name="sms_end"),
    path("sms/mood", views_sms.mood, name="sms_mood"),
    path("supplier/", views_supplier.supplier, name="supplier"),
    path("supplier/balance", views_supplier.balance, name="balance"),
    path("supplier/invoice", views_supplier.invoice, name="invoice"),
    path("supplier/note", views_supplier.note, name="note"),
    path("supplier/mood", views_supplier.mood, name="mood"),
    path("ways/", views_ways.ways, name="ways"),
    path("ways/scan", views_ways.scan, name="scan"),
    path("ways/transfer", views_ways.transfer, name="transfer"),
    path("ways/bank", views_ways.bank, name="bank"),
    path("ways/ovo", views_ways.ovo, name="ovo"),
    path("ways/coins", views_ways.coins, name="coins"),
    path("mail/", views.mailbox, name="mailbox"),
    path("mail/<slug:name>", views.letter, name="letter"),
]
