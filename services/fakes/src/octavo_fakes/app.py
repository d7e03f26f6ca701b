"""The application: every vendor's paths below the name of its type, and the control routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from octavo_fakes.control import Control
from octavo_fakes.stage import Asked, Endpoint, Handler, House, Vendor
from octavo_fakes.vendors import anthropic, automatic1111, azure, chat, flux, midjourney, stability
from octavo_fakes.vendors.chat import Chat
from octavo_fakes.vendors.compatible import Compatible, Fake
from octavo_fakes.vendors.images import Images
from octavo_fakes.vendors.models import Models
from octavo_fakes.vendors.moderations import Moderations
from octavo_fakes.vendors.openai import OpenAI
from octavo_fakes.vendors.xai import Xai, XaiImages

Reader = Callable[[Asked], str]


def create_fakes_app(*, latency: Mapping[str, float] | None = None) -> Starlette:
    """`latency`: seconds by provider type, where no rule says otherwise. Opens nothing and starts nothing."""
    house = House(latency or {})
    # The chat completions first: routes are tried one after the other.
    return Starlette(routes=[*_openai(house), *_others(house), *Control(house).routes()])


def _openai(house: House) -> list[BaseRoute]:
    pictures = house.pictures
    routes: list[BaseRoute] = []
    for dialect, base in ((OpenAI(), "/v1"), (Compatible(), "/v1"), (Xai(), "/v1"), (Fake(), "/v1"), (Compatible(), ""), (Fake(), "")):
        on = _Routes(house, dialect, base, chat.model_of, chat.prompt_of)
        routes += on.post("/chat/completions", Chat(dialect, pictures).answer)
        images = XaiImages(dialect, pictures).answer if isinstance(dialect, Xai) else Images(dialect, pictures).answer
        routes += on.post("/images/generations", images)
        if not isinstance(dialect, Xai):
            routes += on.post("/moderations", Moderations(dialect).answer)
        models = Models(dialect)
        routes += on.get("/models", models.list_all)
        routes += on.get("/models/{model:path}", models.show)
    own = azure.AzureOpenAI()
    on = _Routes(house, own, "/openai/deployments/{deployment}", azure.deployment_of, chat.prompt_of)
    routes += on.post("/chat/completions", Chat(own, pictures).answer)
    routes += on.post("/images/generations", Images(own, pictures).answer)
    return routes


def _others(house: House) -> list[BaseRoute]:
    pictures = house.pictures
    claude = anthropic.Anthropic()
    on = _Routes(house, claude, "/v1", chat.model_of, anthropic.prompt_of)
    routes = on.post("/messages", anthropic.Messages(claude, pictures).answer)

    tasks = flux.FluxTasks(house)
    on = _Routes(house, flux.Flux(), "/v1", _model_in_path, chat.prompt_of)
    routes += on.get("/get_result", tasks.result)
    routes += on.post("/{model}", tasks.submit, begins_task=True)

    on = _Routes(house, stability.Stability(), "/v2beta/stable-image", stability.model_of, stability.prompt_of)
    routes += on.post("/generate/{kind}", stability.StableImage(pictures).answer, form=True)

    ui = automatic1111.Txt2Img(pictures)
    on = _Routes(house, automatic1111.Automatic1111(), "/sdapi/v1", _nothing, chat.prompt_of)
    routes += on.post("/txt2img", ui.generate, begins_task=True)
    routes += on.get("/progress", ui.progress)
    routes += on.post("/interrupt", ui.interrupt, instant=True)
    routes += on.get("/sd-models", ui.models)
    routes += on.get("/samplers", ui.samplers)

    gateway = midjourney.MidjourneyTasks(house)
    on = _Routes(house, midjourney.Midjourney(), "/mj", _nothing, chat.prompt_of)
    routes += on.post("/submit/imagine", gateway.imagine, begins_task=True)
    routes += on.post("/submit/change", gateway.change, begins_task=True)
    routes += on.get("/task/{task}/fetch", gateway.fetch)
    return routes


class _Routes:
    """Of one vendor. What is only looked up answers at once, whatever latency its vendor has by default."""

    def __init__(self, house: House, vendor: Vendor, base: str, read_model: Reader, read_prompt: Reader) -> None:
        self._house = house
        self._vendor = vendor
        self._base = f"/{vendor.name}{base}"
        self._read_model, self._read_prompt = read_model, read_prompt

    def post(self, path: str, handler: Handler, *, form: bool = False, begins_task: bool = False, instant: bool = False) -> list[BaseRoute]:
        return [self._route("POST", path, handler, form=form, begins_task=begins_task, instant=instant)]

    def get(self, path: str, handler: Handler) -> list[BaseRoute]:
        return [self._route("GET", path, handler, instant=True)]

    def _route(
        self, method: str, path: str, handler: Handler, *, form: bool = False, begins_task: bool = False, instant: bool = False
    ) -> BaseRoute:
        endpoint = Endpoint(
            self._house,
            self._vendor,
            handler,
            read_model=self._read_model,
            read_prompt=self._read_prompt,
            form=form,
            begins_task=begins_task,
            instant=instant,
        )
        return Route(self._base + path, endpoint, methods=[method], name=f"{self._vendor.name} {method} {path}")


def _model_in_path(call: Asked) -> str:
    return str(call.parameters.get("model", ""))


def _nothing(call: Asked) -> str:
    return ""
