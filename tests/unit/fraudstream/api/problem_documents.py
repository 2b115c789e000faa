"""Check of problem documents."""


def is_problem(answer, status: int) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"] == f"expected {body['expected']}, got {body['was']}: {body['what_to_do']}"
    return body
