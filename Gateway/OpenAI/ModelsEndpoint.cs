using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Gateway.OpenAI;

/// <summary><c>GET /v1/models</c> and <c>GET /v1/models/{id}</c>: the models that are served, and those that a request would load.</summary>
internal sealed class ModelsEndpoint(IInferenceClient client)
{
    /// <summary>All models.</summary>
    public async Task ListAsync(HttpContext context) =>
        await AnswerJson.WriteAsync(context.Response, new() { Data = await ListAsync() }, OpenAIJsonContext.Answers.ModelList, context.RequestAborted);

    /// <summary>One model.</summary>
    public async Task GetAsync(HttpContext context, string id)
    {
        var model = (await ListAsync()).FirstOrDefault(model => model.Id == id)
            ?? throw new ApiException(ErrorMapping.Error(RequestErrors.ModelNotFound, $"The model '{id}' does not exist.", "model"));
        await AnswerJson.WriteAsync(context.Response, model, OpenAIJsonContext.Answers.ModelObject, context.RequestAborted);
    }

    private async Task<ModelObject[]> ListAsync()
    {
        var (served, loadable) = (client.ListModelsAsync(), client.ListLoadableModelsAsync());
        await Task.WhenAll(served, loadable);

        // A model that woke between the two answers is in both; how it is served says more.
        return [.. (await served).Select(ModelObject.From).Concat((await loadable).Select(ModelObject.Asleep)).DistinctBy(model => model.Id).OrderBy(model => model.Id, StringComparer.Ordinal)];
    }
}
