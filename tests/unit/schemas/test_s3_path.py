"""Names of objects in S3, and the messages of a store that refuses; the requests are in tests/integration."""

import os
import pickle
from pathlib import Path, PurePosixPath

import pytest

from schemas.errors import UserError
from schemas.s3_error import S3ConnectionError, S3Error, s3_error
from schemas.s3_path import S3Path, arrow_source, as_path

ADDRESS = "s3://bucket/folder/history.parquet"


def test_address_keeps_its_form_through_every_way_that_a_path_takes():
    path = as_path(ADDRESS)
    assert isinstance(path, S3Path)
    assert str(path) == os.fspath(path) == path.as_uri() == path.as_posix() == ADDRESS
    assert str(as_path(Path(ADDRESS))) == ADDRESS  # by a library that makes every text a Path
    assert as_path(path) is path
    assert path.expanduser().absolute().resolve() == path
    assert path.is_absolute()
    assert pickle.loads(pickle.dumps(path)) == path  # noqa: S301  (our own bytes)


def test_joined_and_derived_paths_stay_in_the_bucket():
    path = as_path(ADDRESS)
    assert str(path.parent) == "s3://bucket/folder"
    assert str(path.parent / "model" / "manifest.json") == "s3://bucket/folder/model/manifest.json"
    assert str(path.with_name("other")) == "s3://bucket/folder/other"
    assert (path.name, path.suffix, path.key) == ("history.parquet", ".parquet", "bucket/folder/history.parquet")
    assert path.relative_to(path.parent.parent) == PurePosixPath("folder/history.parquet")


@pytest.mark.parametrize("text", ["history.parquet", "/data/history.parquet", "s3/history.parquet", "../s3:/x"])
def test_local_path_stays_one(text):
    path = as_path(text)
    assert not isinstance(path, S3Path)
    assert path == Path(text)
    assert arrow_source(path) is path


@pytest.mark.parametrize("text", ["s3://", "s3:///", "gs://bucket/key", "s3a://bucket/key", "https://bucket/key"])
def test_another_kind_of_address_is_refused(text):
    with pytest.raises(UserError, match=r"expected .*s3://BUCKET/KEY, got"):
        as_path(text)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            "When initiating multiple part upload for key 'k' in bucket 'b': AWS Error NO_SUCH_BUCKET during "
            "CreateMultipartUpload operation: The specified bucket does not exist.",
            S3Error,
            "expected to write s3://b/k, got: AWS Error NO_SUCH_BUCKET during CreateMultipartUpload operation: The "
            "specified bucket does not exist. Create the bucket, or correct its name",
        ),
        (
            "When reading information for key 'k' in bucket 'b': AWS Error ACCESS_DENIED during HeadObject operation: "
            "No response body.",
            S3Error,
            "expected to write s3://b/k, got: AWS Error ACCESS_DENIED during HeadObject operation: No response body. "
            "Grant the credentials in use the right to list the bucket, and to read and write its objects",
        ),
        (
            "When listing objects under key '' in bucket 'b': AWS Error NETWORK_CONNECTION during ListObjectsV2 "
            "operation: curlCode: 7, Couldn't connect to server",
            S3ConnectionError,
            "expected to write s3://b/k, got: AWS Error NETWORK_CONNECTION during ListObjectsV2 operation: curlCode: "
            "7, Couldn't connect to server. Start it, or correct AWS_ENDPOINT_URL",
        ),
    ],
)
def test_refusal_of_the_store_is_one_line_with_what_to_do(text, kind, message):
    error = s3_error(OSError(text), "s3://b/k", "write")
    assert type(error) is kind
    assert str(error) == message


def test_address_is_read_from_the_error_where_the_caller_has_none():
    text = "When reading key 'a/b' in bucket 'c': AWS Error UNKNOWN (HTTP status 503) during GetObject operation: slow"
    assert str(s3_error(OSError(text))).startswith("expected to use s3://c/a/b, got: AWS Error UNKNOWN")


def test_error_of_the_operating_system_is_none_of_the_store():
    assert s3_error(OSError(28, "No space left on device")) is None


def test_object_is_not_opened_for_writing_in_parts():
    with pytest.raises(OSError, match="write it whole"):
        as_path(ADDRESS).open("ab")
