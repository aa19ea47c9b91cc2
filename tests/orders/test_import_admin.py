"""Importing in the admin: upload, preview, apply, result; by a worker, and saying so where there is none."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from inventory_site.common.models import Heartbeat, ImportJob
from inventory_site.common.tables import ImportRefused
from orders.importers import jobs
from orders.models import DailyDemand, SalesOrderLine

ADD = "/admin/common/importjob/add/"
GOOD = "sku,date,quantity\n=cup,2024-03-01,2\n"
BAD = GOOD + "mug,soon,1.5\nmug,2024-03-01,x\n"
NO_WORKER = "No worker is running"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


@pytest.fixture
def buyer(make_user, warehouse):
    return make_user("buyer", warehouse)


@pytest.fixture
def upload(client_of, buyer, django_capture_on_commit_callbacks):
    def upload(text: str = GOOD, user=None, **told) -> ImportJob:
        """Upload as that person; no worker hears of it, since no broker answers in tests."""
        data = {"file": SimpleUploadedFile("mine.csv", text.encode()), "format": "generic", "channel": "import"}
        with django_capture_on_commit_callbacks(execute=True):
            answer = client_of(user or buyer).post(ADD, data | {"once": uuid.uuid4().hex} | told)
        assert answer.status_code == 302, answer.context["form"].errors
        return ImportJob.objects.get(pk=answer["Location"].split("/")[-3])

    return upload


def page(job: ImportJob) -> str:
    return reverse("admin:common_importjob_change", args=[job.pk])


def press_apply(client, job: ImportJob, **told):
    address = reverse("admin:common_importjob_apply", args=[job.pk])
    return client.post(address, {"once": uuid.uuid4().hex} | told, follow=True)


def test_upload_preview_apply_result(upload, buyer, client_of):
    client, job = client_of(buyer), upload()
    assert job.state == "uploaded" and not SalesOrderLine.objects.exists()
    assert 'http-equiv="refresh"' in client.get(page(job)).content.decode()
    assert jobs.work(job.pk)
    shown = client.get(page(job)).content.decode()
    assert "Rows read" in shown and "=cup" in shown and "http-equiv" not in shown
    assert not SalesOrderLine.objects.exists(), "a preview writes nothing"
    press_apply(client, job)
    assert jobs.work(job.pk) and not jobs.work(job.pk)
    job.refresh_from_db()
    assert (job.state, job.rows_done, job.report["written"]["lines"]) == ("applied", 1, 1)
    assert DailyDemand.objects.get().demand == 2
    assert "Written: sales lines" in client.get(page(job)).content.decode()


def test_bad_rows_are_all_shown_and_must_be_left_out_on_purpose(upload, buyer, client_of):
    client, job = client_of(buyer), upload(BAD)
    jobs.work(job.pk)
    shown = client.get(page(job)).content.decode()
    for told in ("soon", "not a date", "1.5", "not a whole number", "leave out 2 bad rows"):
        assert told in shown
    assert "bad rows: mend the file" in press_apply(client, job).content.decode()
    assert ImportJob.objects.get().state == "previewed"
    press_apply(client, job, skip_bad_rows="1")
    jobs.work(job.pk)
    assert ImportJob.objects.get().state == "applied" and SalesOrderLine.objects.count() == 1


def test_many_bad_rows_are_paged_and_downloaded_whole(upload, buyer, client_of):
    client = client_of(buyer)
    job = upload(GOOD + "".join(f"mug,2024-03-01,bad{n}\n" for n in range(450)))
    jobs.work(job.pk)
    assert "bad199" in (first := client.get(page(job)).content.decode()) and "bad200" not in first
    assert "bad449" in client.get(page(job), {"page": "3"}).content.decode()
    listing = client.get(reverse("admin:common_importjob_listing", args=[job.pk]))
    assert len(b"".join(listing.streaming_content).splitlines()) == 451


def test_a_file_that_waits_without_a_worker_says_so(upload, buyer, client_of):
    client, job = client_of(buyer), upload()
    assert NO_WORKER in client.get(page(job)).content.decode()
    Heartbeat.objects.create(worker="w1", seen_at=timezone.now())
    assert NO_WORKER not in client.get(page(job)).content.decode()


def test_a_refused_file_says_why(upload, buyer, client_of):
    job = upload("sku,quantity\ncup,1\n")
    jobs.work(job.pk)
    assert ImportJob.objects.get().state == "refused"
    assert "needs columns for date" in client_of(buyer).get(page(job)).content.decode()


def test_a_dead_workers_import_is_taken_over_when_its_lease_is_out(upload):
    job = upload()
    ImportJob.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    assert not jobs.work(job.pk)
    ImportJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.work(job.pk)


def test_a_file_that_kills_its_worker_is_given_up(upload):
    job = upload()
    ImportJob.objects.update(attempts=jobs.MAX_ATTEMPTS)
    assert jobs.work(job.pk)
    assert ImportJob.objects.get().report["refusal"] == "The worker died 5 times over this file."


def test_applying_twice_is_refused(upload, buyer):
    job = upload()
    jobs.work(job.pk)
    job.refresh_from_db()
    jobs.apply_sales(job=job, skip_bad_rows=False, actor=buyer)
    with pytest.raises(ImportRefused, match="not waiting to be applied"):
        jobs.apply_sales(job=job, skip_bad_rows=False, actor=buyer)


def test_the_same_file_is_recognised_under_another_name(upload, buyer, client_of):
    first = upload()
    jobs.work(first.pk)
    press_apply(client_of(buyer), first)
    jobs.work(first.pk)
    again = upload(file=SimpleUploadedFile("renamed.csv", GOOD.encode()))
    jobs.work(again.pk)
    assert "The very same file was applied before: mine.csv" in client_of(buyer).get(page(again)).content.decode()


def test_others_imports_are_for_whoever_sees_all_warehouses(upload, client_of, make_user, make_warehouse, warehouse):
    job = upload()
    make_warehouse("tartu")
    assert client_of(make_user("buyer", warehouse)).get(page(job)).status_code == 404
    assert client_of(make_user("owner")).get(page(job)).status_code == 200
    assert client_of(make_user("clerk", warehouse)).get(page(job)).status_code == 403
    assert client_of(make_user("clerk", warehouse)).get(ADD).status_code == 403


def test_a_person_cannot_import_into_a_warehouse_that_is_not_theirs(client_of, buyer, make_warehouse):
    tartu = make_warehouse("tartu")
    data = {"file": SimpleUploadedFile("a.csv", GOOD.encode()), "format": "generic", "channel": "import"}
    answer = client_of(buyer).post(ADD, data | {"once": "k", "warehouse": tartu.pk, "create_warehouses": "on"})
    assert answer.status_code == 200 and "warehouse" in answer.context["form"].errors
    assert not ImportJob.objects.exists()


def test_uploaded_files_lie_beside_the_data_and_have_no_address(upload):
    job = upload()
    assert Path(job.file.path).is_relative_to(settings.MEDIA_ROOT)
    assert not settings.MEDIA_URL.strip("/")
