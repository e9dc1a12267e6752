"""Models of any provider: chat, vision, embeddings and machine translation over one HTTP core.

model = chat_model(Endpoint(api_kind=ApiKind.OLLAMA, base_url="http://127.0.0.1:11434", model="qwen3"))
reply = await model.chat(ChatRequest(messages=(Message(role="user", text="Hello"),)))
"""
