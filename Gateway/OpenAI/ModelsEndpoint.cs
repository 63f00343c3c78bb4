using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Gateway.OpenAI;

/// <summary><c>GET /v1/models</c> and <c>GET /v1/models/{id}</c>.</summary>
internal sealed class ModelsEndpoint(IInferenceClient client)
{
    /// <summary>All models.</summary>
    public async Task ListAsync(HttpContext context)
    {
        var models = await client.ListModelsAsync();
        await AnswerJson.WriteAsync(context.Response, new() { Data = [.. models.Select(ModelObject.From)] }, OpenAIJsonContext.Answers.ModelList, context.RequestAborted);
    }

    /// <summary>One model.</summary>
    public async Task GetAsync(HttpContext context, string id)
    {
        var models = await client.ListModelsAsync();
        var model = models.FirstOrDefault(model => model.Name == id)
            ?? throw new ApiException(ErrorMapping.Error(RequestErrors.ModelNotFound, $"The model '{id}' does not exist.", "model"));
        await AnswerJson.WriteAsync(context.Response, ModelObject.From(model), OpenAIJsonContext.Answers.ModelObject, context.RequestAborted);
    }
}
