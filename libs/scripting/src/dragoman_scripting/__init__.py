"""People's JavaScript and Handlebars in V8, and the schemas of models' answers.

async with Sandbox() as sandbox:
    prompt = await sandbox.render("Of whom does {{title}} tell?", {"title": "Deed 7"})
"""
