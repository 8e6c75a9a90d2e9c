"""The desk of a client's people: batches of payouts. Included in the namespace ``company``."""

from django.urls import path

from payouts.views import approvals, batch_rows, batches, downloads, steering

urlpatterns = [
    path("batches/", batches.listing, name="batches"),
    path("batches/new/", batches.new, name="batch_new"),
    path("batches/template.csv", batches.template_csv, name="batch_template_csv"),
    path("batches/template.xlsx", batches.template_xlsx, name="batch_template_xlsx"),
    path("batches/<uuid:public_id>/", batches.batch, name="batch"),
    path("batches/<uuid:public_id>/rows/<uuid:row_id>/", batch_rows.row, name="batch_row"),
    path("batches/<uuid:public_id>/leave-out/", batch_rows.leave_out, name="batch_leave_out"),
    path("batches/<uuid:public_id>/put-back/", batch_rows.put_back, name="batch_put_back"),
    path("batches/<uuid:public_id>/replace/", batch_rows.replace, name="batch_replace"),
    path("batches/<uuid:public_id>/wrong-rows.csv", batch_rows.wrong_rows, name="batch_wrong_rows"),
    path("batches/<uuid:public_id>/submit/", approvals.submit, name="batch_submit"),
    path("batches/<uuid:public_id>/withdraw/", approvals.withdraw, name="batch_withdraw"),
    path("batches/<uuid:public_id>/discard/", approvals.discard, name="batch_discard"),
    path("batches/<uuid:public_id>/approve/", approvals.approve, name="batch_approve"),
    path("batches/<uuid:public_id>/send-back/", approvals.send_back, name="batch_send_back"),
    path("batches/<uuid:public_id>/pause/", steering.pause, name="batch_pause"),
    path("batches/<uuid:public_id>/resume/", steering.resume, name="batch_resume"),
    path("batches/<uuid:public_id>/cancel/", steering.cancel, name="batch_cancel"),
    path("batches/<uuid:public_id>/retry/", steering.retry, name="batch_retry"),
    path("batches/<uuid:public_id>/result.csv", downloads.result, name="batch_result"),
    path("batches/<uuid:public_id>/reconciliation.csv", downloads.reconciliation_csv, name="batch_reconciliation"),
    path(
        "batches/<uuid:public_id>/reconciliation.json",
        downloads.reconciliation_json,
        name="batch_reconciliation_json",
    ),
    path("approvals/", approvals.waiting, name="approvals"),
]
