using XLLM.Grains.Interfaces.Catalog;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Whether a model does what it is asked for. Pure.</summary>
internal static class TaskCheck
{
    /// <summary>Refuses a task that the model does not have.</summary>
    /// <exception cref="RequestException">Says what the model does instead.</exception>
    public static void Require(ModelDescriptor model, ModelTasks task)
    {
        if (!model.Tasks.HasFlag(task))
        {
            throw Refusal(model, task);
        }
    }

    /// <summary>The refusal.</summary>
    public static RequestException Refusal(ModelDescriptor model, ModelTasks task) =>
        new(RequestErrors.InvalidValue, $"the model '{model.Name}' does not {Verb(task)}; it is there to {Verb(model.Tasks)}", "model");

    private static string Verb(ModelTasks tasks)
    {
        string?[] verbs =
        [
            tasks.HasFlag(ModelTasks.Generate) ? "generate text" : null,
            tasks.HasFlag(ModelTasks.Embed) ? "make embeddings" : null,
            tasks.HasFlag(ModelTasks.Rank) ? "judge documents" : null,
        ];
        return string.Join(" and ", verbs.OfType<string>());
    }
}
