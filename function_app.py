"""The Functions app: every trigger of `functions/`, registered.

Source: Architecture, "The house".
"""

import azure.functions as func

from functions import api, messages, schedules

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
app.register_functions(api.blueprint)
app.register_functions(schedules.blueprint)
app.register_functions(messages.blueprint)
