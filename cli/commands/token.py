"""`townepark token`: a development token, and the assignment that makes it count."""

from typing import Annotated

import typer

from cli import output
from cli.arguments import AsJson, operator, ready_runtime
from shared_code.security.roles import Role
from shared_code.services.development_access import DevelopmentToken, development_token


def token(
    user: Annotated[str, typer.Option("--user", help="Principal name of the user, who is made if unknown.")],
    role: Annotated[list[Role], typer.Option("--role", help="The role; may be given several times.")],
    site: Annotated[list[str] | None, typer.Option("--site", help="A site; may be given several times.")] = None,
    district: Annotated[list[str] | None, typer.Option("--district", help="A district, by code or name.")] = None,
    region: Annotated[list[str] | None, typer.Option("--region", help="A region, by code or name.")] = None,
    lifetime: Annotated[
        int | None, typer.Option("--lifetime", metavar="SECONDS", help="At most AUTH_MAX_LIFETIME_S, the default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a token for this machine, and assign the role with its sites to the user; embedded default only."""
    made = development_token(
        ready_runtime(),
        user,
        role,
        site_ids=site or (),
        district_names=district or (),
        region_names=region or (),
        lifetime_s=lifetime,
        operator=operator(),
    )
    if as_json:
        output.print_json(made)
        return
    # The token alone goes to standard output: TOKEN=$(townepark token ...) holds it.
    print(made.token)
    output.err.print(f"{_summary(made)}. Send it as: Authorization: Bearer <token>", soft_wrap=True)


def _summary(made: DevelopmentToken) -> str:
    covered = [
        *made.sites,
        *(f"district {code}" for code in made.districts),
        *(f"region {code}" for code in made.regions),
    ]
    of_sites = f" of {', '.join(covered)}" if covered else ""
    return f"{made.user_id}, {' and '.join(made.roles)}{of_sites}, until {made.expires_at:%Y-%m-%d %H:%M} UTC"
