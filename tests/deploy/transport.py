"""A user who may do everything with S3, and who asks with and without TLS."""

import json

from botocore.exceptions import ClientError

NAME = "matinee-tester"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


class User:
    """The emulator does not apply bucket policies to the account's own key, so this is a user with a key of its own."""

    def __init__(self, stack):
        self.iam = stack.iam
        self.iam.create_user(UserName=NAME)
        self.iam.put_user_policy(UserName=NAME, PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))
        self.key = self.iam.create_access_key(UserName=NAME)["AccessKey"]
        session = stack.session(self.key["AccessKeyId"], self.key["SecretAccessKey"])
        trust = {"endpoint_url": stack.environment["AWS_ENDPOINT_URL"], "verify": stack.environment["AWS_CA_BUNDLE"]}
        self.s3, self.without_tls = session.client("s3", **trust), session.client("s3", **trust)
        self.without_tls.meta.events.register("before-send.s3", came_without_tls)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.iam.delete_access_key(UserName=NAME, AccessKeyId=self.key["AccessKeyId"])
        self.iam.delete_user_policy(UserName=NAME, PolicyName="everything")
        self.iam.delete_user(UserName=NAME)

    def put(self, bucket):
        self.s3.put_object(Bucket=bucket, Key="tls", Body=b"")

    def put_without_tls(self, bucket):
        """Returns the error."""
        try:
            self.without_tls.put_object(Bucket=bucket, Key="tls", Body=b"")
        except ClientError as error:
            return str(error)
        return "no error"


def came_without_tls(request, **_):
    """The emulator's only port speaks TLS. By this header a proxy says how a request reached it."""
    request.headers["x-forwarded-proto"] = "http"
