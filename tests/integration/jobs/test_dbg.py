import pytest
from octavo_core.clock import ManualClock
from octavo_jobs.store import open_store
@pytest.mark.parametrize("kind", ["postgresql_url", "mariadb_url"])
async def test_x(kind, request):
    url = request.getfixturevalue(kind)
    for u in (url + "/nonexistent", url.replace("octavo@","nobody:geheim@").replace("octavo:octavo@","nobody:geheim@")+"/x"):
        s = open_store(u, ManualClock())
        try: await s.ping()
        except BaseException as e: print(kind, type(e).__mro__[:3], str(e)[:150])
        await s.close()
