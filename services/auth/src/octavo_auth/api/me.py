"""A person's own account."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from octavo_auth.api.answers import ContactBegun, Deleting, Done, OneUser, UserAnswer
from octavo_auth.api.bodies import ContactBody, ContactVerifyBody, DeleteBody, PasswordBody, ProfileBody
from octavo_auth.api.callers import From, Person, Services
from octavo_auth.api.pictures import PICTURE_ANSWERS, PICTURE_REQUEST, picture_response
from octavo_auth.domain.throttling import PICTURE_ACCOUNT

router = APIRouter(prefix="/api/auth/me", tags=["profile"])


@router.get("", summary="The caller's account")
async def view(caller: Person) -> OneUser:
    return OneUser(user=UserAnswer.of(caller.user))


@router.patch("", summary="Change the name")
async def change(body: ProfileBody, caller: Person, services: Services, origin: From) -> OneUser:
    return OneUser(user=UserAnswer.of(await services.profile.rename(caller.user, body.name, origin)))


@router.delete("", status_code=202, summary="Delete the account, and all that every service keeps of the person")
async def delete(body: DeleteBody, caller: Person, services: Services, origin: From) -> Deleting:
    """At once nobody can log in any more; the rest goes on by itself, and is tried until it is done."""
    erasure = await services.profile.delete(caller.user, caller.session, body.password, origin)
    return Deleting(message="the account is deleted; what is left of it is being erased", erasure_id=erasure)


@router.post("/password", summary="Change the password; all other sessions end")
async def change_password(body: PasswordBody, caller: Person, services: Services, origin: From) -> Done:
    await services.profile.change_password(caller.user, caller.session, body.current_password, body.new_password, origin)
    return Done(message="the password is changed, and all other sessions have ended")


@router.post("/contact", status_code=202, summary="Give another e-mail address or phone number; a code is sent there")
async def contact(body: ContactBody, caller: Person, services: Services, origin: From) -> ContactBegun:
    contact_id = await services.profile.begin_contact(
        caller.user, caller.session, email=body.email, phone=body.phone, password=body.password, origin=origin
    )
    return ContactBegun(message="If that can be, a code is on its way; it holds for 10 minutes.", contact_id=contact_id)


@router.post("/contact/verify", summary="Confirm it with the code")
async def verify_contact(body: ContactVerifyBody, caller: Person, services: Services, origin: From) -> OneUser:
    """`contact_id` is the account's own id for a number that was given beside an e-mail address at registration."""
    return OneUser(user=UserAnswer.of(await services.profile.confirm_contact(caller.user, body.contact_id, body.code, origin)))


@router.get("/picture", summary="The caller's picture", response_class=Response, responses=PICTURE_ANSWERS)
async def picture(caller: Person, services: Services) -> Response:
    return picture_response(await services.users.picture(caller.user.id))


@router.put("/picture", summary="Set the picture; it is encoded anew, 512 pixels at most", openapi_extra=PICTURE_REQUEST)
async def set_picture(request: Request, caller: Person, services: Services, origin: From) -> OneUser:
    """The body is the file. What it is, is told by its content."""
    await services.throttle.check(PICTURE_ACCOUNT, caller.user.id)
    checked = await services.pictures.read(await request.body())
    return OneUser(user=UserAnswer.of(await services.profile.set_picture(caller.user, checked, origin)))


@router.delete("/picture", summary="Remove the picture")
async def remove_picture(caller: Person, services: Services, origin: From) -> OneUser:
    return OneUser(user=UserAnswer.of(await services.profile.set_picture(caller.user, None, origin)))
