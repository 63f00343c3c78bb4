namespace XLLM.Silo.Weights;

/// <summary>A module that can be found again by its name in the checkpoint, once the model is built.</summary>
internal interface INamedModule
{
    /// <summary>"model.layers.0.self_attn.q_proj".</summary>
    string Name { get; }
}
