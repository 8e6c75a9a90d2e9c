from django.urls import path

from kyc.views import review, review_figures

app_name = "review"

urlpatterns = [
    path("", review.queue_page, name="queue"),
    path("start/", review.start, name="start"),
    path("overview/", review_figures.overview_page, name="overview"),
    path("cases/", review_figures.listing, name="cases"),
    path("done/", review_figures.done, name="done"),
    path("files/<uuid:document_id>/", review.file, name="file"),
    path("<uuid:case_id>/", review.case_page, name="case"),
    path("<uuid:case_id>/claim/", review.claim, name="claim"),
    path("<uuid:case_id>/renew/", review.renew, name="renew"),
    path("<uuid:case_id>/release/", review.release, name="release"),
    path("<uuid:case_id>/take-over/", review.take_over, name="take_over"),
    path("<uuid:case_id>/allow-retry/", review.allow_retry, name="allow_retry"),
    path("<uuid:case_id>/decide/", review.decide, name="decide"),
    path("<uuid:case_id>/number/", review.number, name="number"),
]
