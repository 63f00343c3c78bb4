using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Gateway.OpenAI;

/// <summary><c>GET</c> and <c>DELETE /v1/sessions/{id}</c>.</summary>
internal sealed class SessionsEndpoint(IInferenceClient client)
{
    /// <summary>A stored conversation.</summary>
    public async Task GetAsync(HttpContext context, string id)
    {
        Check(id);
        var session = await client.GetSessionAsync(id) ?? throw Missing(id);
        await AnswerJson.WriteAsync(context.Response, SessionObject.From(session), OpenAIJsonContext.Answers.SessionObject, context.RequestAborted);
    }

    /// <summary>Forgets a conversation.</summary>
    public async Task DeleteAsync(HttpContext context, string id)
    {
        Check(id);
        if (!await client.DeleteSessionAsync(id))
        {
            throw Missing(id);
        }

        await AnswerJson.WriteAsync(context.Response, new() { Id = id }, OpenAIJsonContext.Answers.SessionDeleted, context.RequestAborted);
    }

    /// <summary>An id that no session can have must not create a grain.</summary>
    private static void Check(string id)
    {
        if (!SessionIds.IsValid(id))
        {
            throw new ApiException(ErrorMapping.Error(RequestErrors.InvalidValue, $"The session id {SessionIds.Rule}.", "id"));
        }
    }

    private static ApiException Missing(string id) => new(ErrorMapping.Error(RequestErrors.SessionNotFound, $"The session '{id}' does not exist.", "id"));
}
